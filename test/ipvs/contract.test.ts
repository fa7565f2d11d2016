/** Contract of the `ipvs` port on the kernel that runs this, with ipvsadm as the judge. Started in the lab by scripts/test.mjs. */
import { LinuxIpvs } from '@mainstay/core/linux-ipvs';
import { describeIpvs } from '../contract/support/ipvs-suite.js';
import { onlyInTheLab } from '../support/lab.js';
import { Shell } from '../support/shell.js';

onlyInTheLab();
describeIpvs({
  name: 'Linux',
  hasTool: true,
  make: () => {
    const ipvs = new LinuxIpvs();
    const shell = new Shell();
    const tool = {
      run: (...args: readonly string[]) => shell.run(`ipvsadm ${args.join(' ')}`),
      restore: async (lines: readonly string[]) => void (await shell.run(`ipvsadm -R <<'END'\n${lines.join('\n')}\nEND`)),
    };
    const close = () => {
      ipvs.close();
      shell.close();
    };
    return { ipvs, tool, close };
  },
});
