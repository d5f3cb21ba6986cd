/** Frames of channel 0, which concern the connection. */
import { FRAME } from '../wire/constants.js';
import { frameError, unexpectedFrame } from '../wire/frame-errors.js';
import { decodeMethod, type Method } from '../wire/methods.js';

/** Class and method of connection.close and connection.close-ok as one number. */
const CLOSE = (10 << 16) | 50;
const CLOSE_OK = (10 << 16) | 51;

/**
 * The method that a frame of channel 0 carries; undefined for a heartbeat.
 * @throws {AmqpError} UNEXPECTED_FRAME for content, FRAME_ERROR for what is no frame, and what `decodeMethod` throws
 */
export function controlMethod(type: number, payload: Buffer): Method | undefined {
  if (type === FRAME.heartbeat && payload.length === 0) return undefined;
  if (type === FRAME.header || type === FRAME.body) throw unexpectedFrame(type, payload);
  if (type !== FRAME.method) throw frameError(type, payload, 'unknown_frame');
  return decodeMethod(payload);
}

/** What still counts once the end of a connection was agreed on; undefined for everything else, be it sound or not. */
export function lastWord(type: number, channel: number, payload: Buffer): 'close' | 'close-ok' | undefined {
  if (channel !== 0 || type !== FRAME.method || payload.length < 4) return undefined;
  const ids = payload.readUInt32BE(0);
  return ids === CLOSE_OK ? 'close-ok' : ids === CLOSE ? 'close' : undefined;
}
