/** Whether the broker returns what it cannot route. */
import type { Scene } from './scene.js';

/** Publishes the key as a mandatory message, and says whether it came back before its confirm. */
export async function comesBack(scene: Scene, exchange: string, key: string): Promise<boolean> {
  const channel = await scene.connection.createConfirmChannel();
  let returned = false;
  channel.once('return', () => {
    returned = true;
  });
  channel.publish(exchange, key, Buffer.from(key), { mandatory: true });
  await channel.waitForConfirms();
  await channel.close();
  return returned;
}
