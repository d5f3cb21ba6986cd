import type { BrokerState } from '@tq/broker';
import { formatByteSize } from './byte-size.js';

/**
 * One line of what a broker holds and how fast it goes.
 * @param before what it was some time ago
 * @param elapsed that time, ms
 */
export function formatCounts(now: BrokerState, before: BrokerState, elapsed: number): string {
  const rate = (what: keyof BrokerState['totals']) =>
    Math.round(((now.totals[what] - before.totals[what]) * 1_000) / Math.max(elapsed, 1));
  const { used, blocked } = now.memory;
  return [
    count(now.connections, 'connection'),
    count(now.queues, 'queue'),
    `${number(now.messages)} ready`,
    `${number(now.unacknowledged)} unacked`,
    `${number(rate('published'))} in/s`,
    `${number(rate('delivered'))} out/s`,
    formatByteSize(used) + (blocked ? ', publishers blocked' : ''),
  ].join(' · ');
}

function count(n: number, one: string): string {
  return `${number(n)} ${one}${n === 1 ? '' : 's'}`;
}

function number(n: number): string {
  return n.toLocaleString('en-US');
}
