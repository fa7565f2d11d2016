/** @mainstay/checker-http: keepalived's HTTP_GET and SSL_GET, and genhash. Registration only. */
import { type ConfigHandle, type Diagnostic, defineChecker, definePlugin, type Plugin, type Run } from '@mainstay/sdk';
import { check, timeoutMs } from './check.js';
import { httpFields, type SslConfig, sslBlock, sslFields } from './config.js';
import { readCredentials } from './credentials.js';
import { KeptCredentials } from './kept-credentials.js';
import { routine } from './routine.js';
import { checkEntry } from './rules.js';

export { type Genhash, type GenhashOptions, genhash, partsOfUrl } from './genhash.js';

const defaults = { delayBeforeRetryMs: 3000 };

export function checkerHttp(): Plugin {
  let ssl: ConfigHandle<SslConfig> | undefined;
  const sslConfig = () => ssl?.value ?? noSsl;
  const credentials = new KeptCredentials(sslConfig);
  const httpGet = defineChecker({
    keyword: 'HTTP_GET',
    summary: 'Up when pages have the status, the digest or the content that is wanted.',
    fields: httpFields,
    needs: ['tcp'],
    defaults,
    timeoutMs,
    check: (context) => check(context),
    routine,
  });
  const sslGet = defineChecker({
    keyword: 'SSL_GET',
    summary: 'HTTP_GET over TLS.',
    fields: sslFields,
    needs: ['tls'],
    defaults,
    timeoutMs,
    check: (context) => check(context, credentials.current),
  });
  return definePlugin({
    name: 'checker-http',
    setup(app) {
      ssl = app.config.block('SSL', sslBlock);
      const [http, https] = [app.checkers.define(httpGet), app.checkers.define(sslGet)];
      app.config.check(() => {
        for (const entry of http.entries) checkEntry('HTTP_GET', entry);
        for (const entry of https.entries) checkEntry('SSL_GET', entry);
      });
      // Also where the block is as it was: its files may have other content, in places that tell of no changes.
      app.taps.lifecycle('config.reloaded', () => credentials.reread());
    },
    async verify(run: Run): Promise<readonly Diagnostic[]> {
      const at = ssl?.entries[0]?.at;
      if (at === undefined) return [];
      const { problems } = await readCredentials(sslConfig(), run.ports.files, run.facts.configDirectory);
      return problems.map(({ message }) => ({
        severity: 'error',
        code: 'SSL_FILE_UNUSABLE',
        message: `SSL: ${message}: SSL_GET would go on without it`,
        at,
      }));
    },
    start: (run) => credentials.start(run),
    // What the block says now is read when the reload is through.
    reconfigure: () => 'absorbed',
    stop: () => credentials.stop(),
  });
}

const noSsl: SslConfig = { certificate: undefined, key: undefined, password: undefined, ca: undefined };

export default checkerHttp();
