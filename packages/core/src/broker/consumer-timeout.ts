/** What RabbitMQ closes the channel with (406) when a delivery on it has waited for its ack longer than `consumer_timeout`. */
const TIMED_OUT = /delivery acknowledgement on channel \d+ timed out\. Timeout value used: (\d+) ms/;

/** The broker's `consumer_timeout` in ms, where that is why it closed a channel; undefined for every other reason. */
export function consumerTimeoutOf(reason: Error | undefined): number | undefined {
  const ms = reason === undefined ? undefined : TIMED_OUT.exec(reason.message)?.[1];
  return ms === undefined ? undefined : Number(ms);
}
