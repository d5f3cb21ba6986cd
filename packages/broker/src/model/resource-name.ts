/** What has a name in a virtual host. */
export type ResourceKind = 'queue' | 'exchange';

/** A queue or exchange as RabbitMQ names it in the texts of its errors: `queue 'q' in vhost '/'`. */
export function resourceName(kind: ResourceKind, name: string, vhost: string): string {
  return `${kind} '${name}' in vhost '${vhost}'`;
}
