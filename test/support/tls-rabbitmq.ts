/** A RabbitMQ node with TLS, which wants a certificate of its clients. */
import { freePort } from '../../scripts/ports.js';
import { type Authority, type Certificate, createAuthority } from './certificates.js';
import { type RabbitServer, startRabbit } from './rabbitmq.js';

/** A started node with TLS beside its plain port. */
export interface TlsRabbit extends AsyncDisposable {
  readonly rabbit: RabbitServer;
  readonly authority: Authority;
  /** `amqps://` with the default user; the server's certificate is for `localhost` alone. */
  readonly url: string;
  /** Of a client whose name is that of the user `tls-client`. */
  readonly client: Certificate;
}

/** Starts one; the default user may log in by its password, and `tls-client` by its certificate. */
export async function startTlsRabbit(): Promise<TlsRabbit> {
  const authority = await createAuthority();
  const [server, client, port] = await Promise.all([
    authority.issue({ name: 'localhost', alternativeNames: 'DNS:localhost' }),
    authority.issue({ name: 'tls-client' }),
    freePort(),
  ]);
  const config = [
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    `ssl_options.cacertfile = ${authority.ca}`,
    `ssl_options.certfile = ${server.cert}`,
    `ssl_options.keyfile = ${server.key}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = true',
    'ssl_cert_login_from = common_name',
    'auth_mechanisms.1 = PLAIN',
    'auth_mechanisms.2 = EXTERNAL',
  ].join('\n');
  const rabbit = await startRabbit({ config, plugins: ['rabbitmq_auth_mechanism_ssl'] });
  await rabbit.ctl('add_user', 'tls-client', 'never-used');
  await rabbit.ctl('set_permissions', 'tls-client', '.*', '.*', '.*');
  return {
    rabbit,
    authority,
    client,
    url: `amqps://guest:guest@localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      await rabbit.stop();
      authority[Symbol.dispose]();
    },
  };
}
