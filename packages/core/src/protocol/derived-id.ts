import { createHash } from 'node:crypto';

/** An id that is the same for the same text (a UUID of version 5), so that what is sent again after a crash is recognisable. */
export function derivedId(text: string): string {
  const bytes = createHash('sha1').update(text).digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
