// Power spectra by a radix-2 fast Fourier transform. Cooley and Tukey, Mathematics of Computation 19, 1965.
// https://doi.org/10.1090/S0025-5718-1965-0178586-1

export class Fourier {
  // `size` is a power of two.
  constructor(size) {
    this.size = size;
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
    this.cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sines = Float64Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
    const bits = Math.log2(size);
    this.mirrored = Uint32Array.from({ length: size }, (_, i) => {
      let found = 0;
      for (let bit = 0; bit < bits; bit += 1) found |= ((i >> bit) & 1) << (bits - 1 - bit);
      return found;
    });
  }

  // The powers of lines 0 to size / 2 of real values, which may be fewer than `size`.
  powers(values, found) {
    const { size, real, imaginary, mirrored } = this;
    imaginary.fill(0);
    for (let i = 0; i < size; i += 1) real[mirrored[i]] = i < values.length ? values[i] : 0;
    this.turn();
    for (let i = 0; i <= size / 2; i += 1) found[i] = real[i] ** 2 + imaginary[i] ** 2;
  }

  turn() {
    const { size, real, imaginary, cosines, sines } = this;
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let first = 0; first < size; first += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const [low, high] = [first + k, first + k + half];
          const [c, s] = [cosines[k * stride], sines[k * stride]];
          const re = real[high] * c - imaginary[high] * s;
          const im = real[high] * s + imaginary[high] * c;
          real[high] = real[low] - re;
          imaginary[high] = imaginary[low] - im;
          real[low] += re;
          imaginary[low] += im;
        }
      }
    }
  }
}
