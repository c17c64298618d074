/** Owns what is said when a port can't be had. */
import { ConfigError } from './config.ts';

/** Says which option to change if a port can't be had. */
export async function bind<T>(option: string, listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new ConfigError('the port is in use', `Choose another with --${option}.`);
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError(`can't listen: ${message}`, `Choose another address with --${option}.`);
    }
    throw error;
  }
}
