/** The ports as one plugin or checker gets them: those that it names, and an error that says what to do for the others. */
import { type Checks, MainstayError, type PortName, type Ports, portNames } from '@mainstay/sdk';

/** `who`: "plugin x"; `where` its `needs` stand. `checks`: that port comes from the host itself. */
export function grantedPorts(
  who: string,
  needs: readonly PortName[],
  ports: () => Ports,
  where = 'the mainstay block of its package.json',
  checks?: () => Checks,
): Ports {
  let real: Ports | undefined;
  let own: Checks | undefined;
  const granted = {};
  for (const name of portNames) {
    const get = () => {
      if (!needs.includes(name)) throw refusal(who, name, where);
      if (name === 'checks' && checks !== undefined) {
        own ??= checks();
        return own;
      }
      real ??= ports();
      return real[name];
    };
    Object.defineProperty(granted, name, { enumerable: needs.includes(name), get });
  }
  return Object.freeze(granted) as Ports;
}

function refusal(who: string, port: PortName, where: string): MainstayError {
  const message = `${who} touched the port "${port}", which it has not been granted`;
  return new MainstayError('PORT_NOT_GRANTED', message, `add "${port}" to "needs" in ${where}`);
}
