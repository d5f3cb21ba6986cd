/** What Node.js and OpenSSL put on an error of TLS beside its text. */
interface TlsError extends Error {
  readonly code?: unknown;
  /** Why a name does not fit, with the names that would. */
  readonly reason?: unknown;
}

const UNKNOWN_AUTHORITY =
  "the broker's certificate is signed by an authority that is not known here: set tls.ca (TQ_TLS_CA) to that authority's certificate.";
const KEY_UNREADABLE =
  'the private key cannot be read: tls.key (TQ_TLS_KEY) is damaged, or tls.passphrase (TQ_TLS_PASSPHRASE) is missing or wrong.';

const TEXTS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: "the broker's certificate, or that of its authority, has expired: renew it there.",
  CERT_NOT_YET_VALID: "the broker's certificate is not valid yet: compare the clocks of both machines.",
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the broker speaks no TLS on this port: use amqp://, or the port of its TLS listener (5671 by default).',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the broker wants a certificate of its clients: set tls.cert and tls.key (TQ_TLS_CERT, TQ_TLS_KEY).',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the broker refused the TLS handshake: it may want a certificate of its clients (tls.cert and tls.key), or versions and ciphers of TLS that are not offered here.',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    "the broker does not know the authority of this client's certificate: set tls.cert to one that the broker's authority has signed.",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "this client's certificate has expired: renew it and set tls.cert to it.",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the broker refused this client's certificate: compare tls.cert with its rules.",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'tls.key is not the key of tls.cert: expected a pair, found two strangers.',
  ERR_OSSL_BAD_DECRYPT: KEY_UNREADABLE,
  ERR_OSSL_UNSUPPORTED: KEY_UNREADABLE,
};

/** What a broker with TLS does to a client without: it closes at the first bytes. */
const CLOSED_AT_ONCE = /ECONNRESET|Socket closed abruptly/;

/** What is wrong with TLS and what to do, where the error is of TLS or of its lack; else undefined. */
export function describeTlsFailure(url: string, cause: TlsError): string | undefined {
  if (cause.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = String(cause.reason).trim().replace(/\.$/, '');
    return `the broker's certificate is for another host (${reason}): use a name that it is for in the URL, or set tls.servername (TQ_TLS_SERVER_NAME) to one.`;
  }
  if (url.startsWith('amqp:') && CLOSED_AT_ONCE.test(cause.message)) {
    return `${cause.message}; where the port is one with TLS, the URL begins with amqps://.`;
  }
  return TEXTS[String(cause.code)];
}
