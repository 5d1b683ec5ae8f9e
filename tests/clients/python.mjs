// The Python programs that the tests bring along, and how they are found.
import { fileURLToPath } from 'node:url';

const TOOLS = fileURLToPath(new URL('../../target/tools/python', import.meta.url));

/** For `spawn`: the machine's Python, with the packages of requirements.txt. */
export const PYTHON = {
  command: 'python3',
  env: { PYTHONPATH: TOOLS, PATH: `${TOOLS}/bin:${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: '1' },
};

/** A program of one of these packages, as an argument for Python. */
export const program = (name) => `${TOOLS}/bin/${name}`;
