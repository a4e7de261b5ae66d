import { CommandLine } from './command-line';

/** Registers jest's hooks: a command line for the file, in which nothing is promoted as a test begins. */
export function commandLineScene(): { readonly cli: CommandLine } {
  let cli: CommandLine;
  beforeAll(async () => {
    cli = await CommandLine.start();
  });
  afterAll(async () => {
    await cli[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    cli.useFreshRoot();
  });
  return {
    get cli() {
      return cli;
    },
  };
}
