/** Every configuration of test/fixtures/ipvs, in the eyes of keepalived and of Mainstay. Run in the lab by scripts/test.mjs. */
import { onlyInTheLab } from '../../support/lab.js';
import { corpus } from './corpus.js';
import { play } from './play.js';

onlyInTheLab();
play(corpus);
