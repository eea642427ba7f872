// One-to-one pairs of the largest sum: the Hungarian method with potentials, O(rows² columns).
// Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
// Computing 38, 1987. https://doi.org/10.1007/BF02278710

// `worth[row][column]` is how much a pair is worth, 0 or more. Returns [[row, column]] of pairs that are worth something.
export function assignment(worth) {
  const columns = worth[0]?.length ?? 0;
  if (worth.length > columns) return assignment(transposed(worth, columns)).map(([row, column]) => [column, row]);
  const state = {
    worth,
    rowPrice: new Float64Array(worth.length),
    columnPrice: new Float64Array(columns + 1),
    owner: new Int32Array(columns + 1).fill(-1), // row of each column; the last column stands for a row without one
  };
  for (let row = 0; row < worth.length; row += 1) augment(state, row, columns);
  const pairs = [...state.owner.subarray(0, columns)].map((row, column) => [row, column]);
  return pairs.filter(([row, column]) => row >= 0 && worth[row][column] > 0);
}

// Give a row a column, by the cheapest path on which others give way.
function augment({ worth, rowPrice, columnPrice, owner }, row, none) {
  owner[none] = row;
  const least = new Float64Array(none).fill(Infinity);
  const from = new Int32Array(none).fill(-1);
  const done = new Uint8Array(none + 1);
  let here = none;
  do {
    done[here] = 1;
    const own = owner[here];
    let [step, next] = [Infinity, -1];
    for (let column = 0; column < none; column += 1) {
      if (done[column]) continue;
      const cost = -worth[own][column] - rowPrice[own] - columnPrice[column];
      if (cost < least[column]) [least[column], from[column]] = [cost, here];
      if (least[column] < step) [step, next] = [least[column], column];
    }
    for (let column = 0; column <= none; column += 1) {
      if (done[column]) {
        rowPrice[owner[column]] += step;
        columnPrice[column] -= step;
      } else if (column < none) least[column] -= step;
    }
    here = next;
  } while (owner[here] >= 0);
  for (; here !== none; here = from[here]) owner[here] = owner[from[here]];
  owner[none] = -1;
}

function transposed(worth, columns) {
  return Array.from({ length: columns }, (_, column) => worth.map((row) => row[column]));
}
