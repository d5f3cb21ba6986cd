/** Where the store reports what somebody ought to know: pino's loggers fit. */
export interface StoreLogger {
  warn(fields: object, message: string): void;
}
