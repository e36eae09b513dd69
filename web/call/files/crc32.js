/**
 * The check sum that ZIP asks for (ISO 3309, reflected), bit by bit as a file passes.
 */

const TABLE = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export class Crc32 {
  constructor() {
    this.state = ~0;
  }

  /** @param {Uint8Array} bytes */
  update(bytes) {
    let { state } = this;
    for (const byte of bytes) state = (state >>> 8) ^ TABLE[(state ^ byte) & 0xff];
    this.state = state;
  }

  get value() {
    return ~this.state >>> 0;
  }
}
