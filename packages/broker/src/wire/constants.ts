/** Numbers of the AMQP 0-9-1 frame layer (section 4.2). */

/** What a client sends first: "AMQP" 0 0 9 1. A server that wants another version answers with its own and closes. */
export const PROTOCOL_HEADER: Buffer = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** Frame types (section 4.2.3). */
export const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;

/** The octet that ends every frame. */
export const FRAME_END = 0xce;

/** Bytes in front of a frame's payload: type, channel, size. */
export const FRAME_HEADER_SIZE = 7;

/** Bytes that a frame adds to its payload. */
export const FRAME_OVERHEAD = 8;

/** The smallest maximum frame size that peers may agree on, and what holds until they have. */
export const MIN_FRAME_SIZE = 4096;

/** Bytes in front of the property flags in a content header: class, weight, body size (section 4.2.6.1). */
export const CONTENT_HEADER_SIZE = 12;

/** Most bytes in a short string (section 4.2.5.3). */
export const MAX_SHORT_STRING = 255;

/** The class of messages, the only one with content. */
export const BASIC_CLASS = 60;

/** The largest message that RabbitMQ can be told to take, in bytes (512 MiB). */
export const MAX_MESSAGE_SIZE = 536_870_912;
