/** What the keywords of HTTP_GET and SSL_GET must be together, checked when the configuration is read. Used by index.ts. */
import type { ConfigEntry, Reporter } from '@mainstay/sdk';
import { type HttpConfig, placeOfPattern, type UrlConfig } from './config.js';
import { patternOf } from './judge.js';
import { PatternError } from './pattern/pattern.js';

const wrong = 'CONFIG_BAD_VALUE';

export function checkEntry(keyword: string, { value, report }: ConfigEntry<HttpConfig>): void {
  if (value.url.length === 0)
    report().error('CONFIG_MISSING_KEYWORD', `${keyword} lacks url, which it needs`, 'add: url { path / }');
  for (const url of value.url) checkUrl(url, report);
}

function checkUrl(url: UrlConfig, report: ConfigEntry<HttpConfig>['report']): void {
  const { regex, regex_min_offset: from, regex_max_offset: until = Number.POSITIVE_INFINITY } = url;
  const at = regex === undefined ? undefined : placeOfPattern(regex);
  const place: Reporter = at === undefined ? report('url') : report(undefined, { at });
  if (regex === undefined) {
    const isAsked = url.regex_no_match || url.regex_options.length > 0 || from > 0 || until < Number.POSITIVE_INFINITY;
    if (isAsked) place.warning('CONFIG_NO_EFFECT', `url ${url.path} has keywords for regex, but no regex: they have no effect`);
    return;
  }
  if (from > until) place.error(wrong, `regex can match nowhere: regex_min_offset ${from} is behind regex_max_offset ${until}`);
  try {
    patternOf(regex.source, url.regex_options);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const hint = error.problem.includes('not built') ? 'write the pattern without it' : 'see pcre2pattern(3)';
    place.error(wrong, `regex of url ${url.path}: ${error.message}`, hint);
  }
}
