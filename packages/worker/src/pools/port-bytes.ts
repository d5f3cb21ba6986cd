/** A body for a port: a thread's port would clone all of the memory that a small Buffer shares with others. */
export function exactBytes(body: Buffer): Uint8Array {
  return body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
}

/** A body that came through a port: a thread's makes plain bytes of a Buffer. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
