/** @mainstay/checker-http: keepalived's HTTP_GET and SSL_GET, and genhash. Registration only. */
import {
  type ConfigHandle,
  type Diagnostic,
  defineChecker,
  definePlugin,
  type Plugin,
  type ReconfigureAnswer,
  type Run,
} from '@mainstay/sdk';
import { check, timeoutMs } from './check.js';
import { httpFields, type SslConfig, sslBlock, sslFields } from './config.js';
import { type Credentials, orAsBefore, readCredentials } from './credentials.js';
import { checkEntry } from './rules.js';

export { type Genhash, type GenhashOptions, genhash, partsOfUrl } from './genhash.js';

const defaults = { delayBeforeRetryMs: 3000 };

export function checkerHttp(): Plugin {
  let ssl: ConfigHandle<SslConfig> | undefined;
  let credentials: Credentials = {};
  const httpGet = defineChecker({
    keyword: 'HTTP_GET',
    summary: 'Up when pages have the status, the digest or the content that is wanted.',
    fields: httpFields,
    needs: ['tcp'],
    defaults,
    timeoutMs,
    check: (context) => check(context),
  });
  const sslGet = defineChecker({
    keyword: 'SSL_GET',
    summary: 'HTTP_GET over TLS.',
    fields: sslFields,
    needs: ['tls'],
    defaults,
    timeoutMs,
    check: (context) => check(context, credentials),
  });
  const read = (run: Run) => readCredentials(ssl?.value ?? noSsl, run.ports.files, run.facts.configDirectory);
  const use = async (run: Run): Promise<void> => {
    const found = await read(run);
    const before = credentials;
    credentials = orAsBefore(found, before);
    for (const { keyword, message } of found.problems) {
      const isKept = before[keyword] !== undefined && credentials[keyword] === before[keyword];
      run.log.error(`SSL: ${message}; SSL_GET goes on ${isKept ? 'with what worked before' : 'without it'}`);
    }
  };
  return definePlugin({
    name: 'checker-http',
    setup(app) {
      ssl = app.config.block('SSL', sslBlock);
      const [http, https] = [app.checkers.define(httpGet), app.checkers.define(sslGet)];
      app.config.check(() => {
        for (const entry of http.entries) checkEntry('HTTP_GET', entry);
        for (const entry of https.entries) checkEntry('SSL_GET', entry);
      });
    },
    async verify(run): Promise<readonly Diagnostic[]> {
      const at = ssl?.entries[0]?.at;
      if (at === undefined) return [];
      const { problems } = await read(run);
      return problems.map(({ message }) => ({
        severity: 'error',
        code: 'SSL_FILE_UNUSABLE',
        message: `SSL: ${message}: SSL_GET would go on without it`,
        at,
      }));
    },
    start(run) {
      credentials = {};
      return use(run);
    },
    async reconfigure(run): Promise<ReconfigureAnswer> {
      await use(run);
      return 'absorbed';
    },
  });
}

const noSsl: SslConfig = { certificate: undefined, key: undefined, password: undefined, ca: undefined };

export default checkerHttp();
