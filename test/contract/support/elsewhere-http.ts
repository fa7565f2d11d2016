/** HTTP_GET as a checker's package of its own would export it: for the contract's other process. */
import { checkerHttp } from '@mainstay/checker-http';
import type { Checker } from '@mainstay/sdk';
import { bindChecks } from '../../support/checker-config.js';

const [httpGet] = bindChecks(checkerHttp(), '').checkers as [Checker];

export default httpGet;
