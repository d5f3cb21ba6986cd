import type { RabbitServer } from './rabbitmq.js';

/**
 * Adds a user with these rights on the default virtual host, each a regular expression.
 * @returns the URL by which it connects; its password is `secret`
 */
export async function addRabbitUser(
  rabbit: RabbitServer,
  name: string,
  ...rights: readonly [configure: string, write: string, read: string]
): Promise<string> {
  const texts = [name, '/', ...rights].map((text) => `<<${JSON.stringify(text)}>>`);
  await rabbit.evaluate(`rabbit_auth_backend_internal:add_user(${texts[0]}, <<"secret">>, <<"test">>).`);
  await rabbit.evaluate(`rabbit_auth_backend_internal:set_permissions(${texts.join(', ')}, <<"test">>).`);
  const url = new URL(rabbit.url);
  url.username = name;
  url.password = 'secret';
  return url.href;
}
