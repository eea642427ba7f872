// Where the bytes of a sound lie: {size, read(from, to)}. Only those that are needed are held.

export function ofBlob(blob) {
  const read = async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer());
  return { size: blob.size, read };
}

// A file on the server that this page came from; rejects where there is none, as on a disk, or where it gives no parts.
export async function ofAddress(address) {
  if (!/^https?:$/.test(new URL(address, location.href).protocol)) throw new TypeError("no server");
  const part = async (from, to) => {
    const leave = new AbortController();
    const answer = await fetch(address, { headers: { Range: `bytes=${from}-${to - 1}` }, signal: leave.signal });
    if (answer.status === 206) return answer;
    leave.abort(); // all of it at once: too much
    throw new TypeError("no parts");
  };
  const size = Number(/\/(\d+)$/.exec((await part(0, 1)).headers.get("Content-Range") ?? "")?.[1]);
  if (!size) throw new TypeError("no size");
  return { size, read: async (from, to) => new Uint8Array(await (await part(from, Math.min(to, size))).arrayBuffer()) };
}
