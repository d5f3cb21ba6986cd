import { types } from 'node:util';
import { isRecord } from '../config/keys.js';
import { invalid } from '../config/kinds.js';
import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { Headers } from '../protocol/message.js';
import { MAX_NAME_BYTES } from '../protocol/names.js';

/** Where calls go: the name of a queue, or a queue or an exchange with its key; names without the app's prefix. */
export type RouteTarget = string | RouteOptions;

/** What a route says of a call; what it leaves out comes from the app. */
export interface RouteOptions {
  /** Queue to publish to. Not together with `exchange`. */
  readonly queue?: string | undefined;
  /** Exchange to publish to; RabbitMQ's own (`amq.topic`) have no prefix. */
  readonly exchange?: string | undefined;
  /** Routing key for the exchange, at most 255 bytes. Default: an empty one. */
  readonly routingKey?: string | undefined;
  /** 0 to 255, on a queue that has priorities. */
  readonly priority?: number | undefined;
}

/** A route of the calls of tasks whose names fit. */
export interface RouteRule {
  /** A name, a pattern (`mail.*`: `*` is anything but a dot, `**` anything), or a regular expression. */
  readonly task: string | RegExp;
  /** Where their calls go. */
  readonly to: RouteTarget;
}

/** A call as a function among the routes sees it. */
export interface RoutedCall {
  /** The task's name. */
  readonly task: string;
  /** Its arguments as they were passed. */
  readonly args: readonly unknown[];
  /** What the call, or its task, says itself, which no route changes. */
  readonly queue: string | undefined;
  /** The exchange that the call says itself. */
  readonly exchange: string | undefined;
  /** The key that it says itself. */
  readonly routingKey: string | undefined;
  /** The priority that it or its task says. */
  readonly priority: number | undefined;
  /** The caller's own headers. */
  readonly headers: Headers | undefined;
}

/**
 * Says where a call goes; undefined leaves it to the routes after it. It is called for each call, before its middleware
 * and its validator, and must answer at once. What it throws rejects the call.
 */
export type RouteFunction = (call: RoutedCall) => RouteTarget | undefined;

/**
 * Where calls go that say nothing of it, and whose tasks say nothing: by the name of the task or by patterns of names, of
 * which an exact name wins, then the longest pattern; or a list that is tried in order.
 */
export type Routes = Readonly<Record<string, RouteTarget>> | readonly (RouteRule | RouteFunction)[];

const TARGET_KEYS = ['queue', 'exchange', 'routingKey', 'priority'] as const;
const EXPECTED = "an object such as { 'mail.*': 'mail' }, or a list of { task: 'mail.*', to: 'mail' } and functions";

/** Objects whose entries are no properties: their routes would be ignored in silence. */
const NO_RECORDS = [types.isRegExp, types.isMap, types.isSet] as const;

/**
 * Checks the option.
 * @throws {TqError} `invalid-option` or `unknown-option`, naming the route
 */
export function checkRoutes(routes: unknown, name: string): Routes {
  if (Array.isArray(routes)) {
    for (const [index, rule] of routes.entries()) checkRule(rule, `${name}[${index}]`);
    return routes;
  }
  if (!isRecord(routes) || NO_RECORDS.some((is) => is(routes))) throw invalid(name, EXPECTED, routes);
  for (const [task, target] of Object.entries(routes)) {
    if (task === '') throw invalid(name, 'names of tasks or patterns of them', task);
    checkTarget(target, `${name}: '${task}'`);
  }
  return routes as Routes;
}

function checkRule(rule: unknown, where: string): void {
  if (typeof rule === 'function') return;
  if (!isRecord(rule)) throw invalid(where, "{ task: 'mail.*', to: 'mail' } or a function", rule);
  refuseUnknownKeys(rule, ['task', 'to'], where);
  const { task, to } = rule;
  const named = types.isRegExp(task) || (typeof task === 'string' && task !== '');
  if (!named) throw invalid(`${where}: task`, 'a name, a pattern or a regular expression', task);
  checkTarget(to, `${where}: to`);
}

/**
 * Reads what a route says.
 * @param where it stands, for errors
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function checkTarget(target: unknown, where: string): RouteOptions {
  if (typeof target === 'string') return { queue: checkName(target, `${where}: queue`) };
  if (!isRecord(target)) throw invalid(where, "a queue's name or { queue, exchange, routingKey, priority }", target);
  refuseUnknownKeys(target, TARGET_KEYS, where);
  const { queue, exchange, routingKey, priority } = target;
  if (TARGET_KEYS.every((key) => target[key] === undefined)) {
    throw new TqError('invalid-option', `${where}: expected a queue, an exchange or a priority, found none of them.`);
  }
  if (queue !== undefined) checkName(queue, `${where}: queue`);
  if (exchange !== undefined) checkName(exchange, `${where}: exchange`);
  if (queue !== undefined && exchange !== undefined) {
    const text = `${where}: expected a queue or an exchange, found both: a call goes to one of them. Leave one out.`;
    throw new TqError('invalid-option', text);
  }
  if (routingKey !== undefined) checkKey(routingKey, exchange !== undefined, where);
  if (priority !== undefined) requireInteger(priority, `${where}: priority`, { min: 0, max: 255 });
  return target;
}

function checkKey(key: unknown, hasExchange: boolean, where: string): void {
  if (!hasExchange) {
    throw new TqError('invalid-option', `${where}: routingKey: expected an exchange beside it, found none.`);
  }
  if (typeof key === 'string' && Buffer.byteLength(key) <= MAX_NAME_BYTES) return;
  throw invalid(`${where}: routingKey`, `a text of at most ${MAX_NAME_BYTES} bytes`, key);
}

function checkName(name: unknown, where: string): string {
  if (typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  throw invalid(where, `a name of 1 to ${MAX_NAME_BYTES} bytes`, name);
}

/** A regular expression as a text has it: `/^mail\./i`. */
const REGEXP = /^\/(.+)\/([a-z]*)$/s;

/**
 * Reads routes as a variable has them: JSON, where a rule's task may be a regular expression, `"/^mail/i"`.
 * @throws {TqError} `invalid-option`
 */
export function readRoutes(text: string, name: string): unknown {
  const routes = parse(text, name);
  if (!Array.isArray(routes)) return routes;
  return routes.map((rule: unknown, index) => {
    if (!isRecord(rule) || typeof rule.task !== 'string') return rule;
    const [, source, flags] = REGEXP.exec(rule.task) ?? [];
    return source === undefined ? rule : { ...rule, task: toRegExp(source, flags, `${name}[${index}]: task`) };
  });
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TqError('invalid-option', `${name}: expected routes as JSON, {"mail.*": "mail"}, found other text.`, {
      cause,
    });
  }
}

function toRegExp(source: string, flags: string | undefined, where: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw new TqError('invalid-option', `${where}: expected a regular expression, found '/${source}/${flags}'.`, {
      cause,
    });
  }
}

/** Routes as `readRoutes` reads them; empty where functions are among them, since no text can say those. */
export function printRoutes(routes: Routes | undefined): string {
  if (routes === undefined || hasFunctions(routes)) return '';
  if (!isRuleList(routes)) return JSON.stringify(routes);
  return JSON.stringify(routes.map((rule) => ({ ...rule, task: String((rule as RouteRule).task) })));
}

/** Every queue that a route names, without the app's prefix; those that functions give are not known. */
export function routedQueues(routes: Routes | undefined): readonly string[] {
  if (routes === undefined) return [];
  const targets = isRuleList(routes)
    ? routes.flatMap((rule) => (typeof rule === 'function' ? [] : [rule.to]))
    : Object.values(routes);
  return targets.flatMap((target) => (typeof target === 'string' ? target : (target.queue ?? [])));
}

/** Functions are among them. */
export function hasFunctions(routes: Routes): boolean {
  return isRuleList(routes) && routes.some((rule) => typeof rule === 'function');
}

/** A list, and no record. */
export function isRuleList(routes: Routes): routes is readonly (RouteRule | RouteFunction)[] {
  return Array.isArray(routes);
}
