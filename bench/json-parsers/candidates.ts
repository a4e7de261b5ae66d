import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Fills `numbers` from the bytes of a flat JSON array of as many. */
export type Read = (bytes: Buffer, numbers: Float32Array) => void;

export interface Candidate {
  /** `name@version`, as npm has it. */
  readonly npm: string;
  /** How it was called, and what it leaves out. */
  readonly how: string;
  /** Has native code to be compiled. */
  readonly native?: true;
  /** `from` is a folder that has it in its `node_modules`. What the package exports is as its version documents it. */
  readonly load: (from: string) => Read | Promise<Read>;
}

type ParseText = (text: string) => readonly number[];
type ParseNumber = (text: string) => number;

const SIMDJSON = 'simdjson@0.9.2';

/** Parsers of the registry that other projects use, each by its fastest way to an array of numbers. */
export const CANDIDATES: readonly Candidate[] = [
  {
    npm: SIMDJSON,
    how: 'native code; `parse`',
    native: true,
    load: (from) => copied((required(from, 'simdjson') as { parse: ParseText }).parse),
  },
  {
    npm: SIMDJSON,
    how: 'native code; `isValid`: parses and hands no number back',
    native: true,
    load: (from) => {
      const { isValid } = required(from, 'simdjson') as { isValid: (text: string) => boolean };
      return (bytes) => {
        if (!isValid(bytes.toString('latin1'))) throw new Error('not JSON');
      };
    },
  },
  {
    npm: 'secure-json-parse@4.1.1',
    how: '`JSON.parse` and a search for `__proto__`',
    load: (from) => copied((required(from, 'secure-json-parse') as { parse: ParseText }).parse),
  },
  {
    npm: 'json-custom-numbers@3.1.1',
    how: '`parse` with a number parser',
    load: (from) => {
      type Parse = (
        text: string,
        reviver: undefined,
        number: (key: unknown, text: string) => number,
      ) => unknown;
      const { parse } = required(from, 'json-custom-numbers') as { parse: Parse };
      return copied((text) => parse(text, undefined, (_, digits) => Number(digits)) as readonly number[]);
    },
  },
  {
    npm: 'lossless-json@4.3.3',
    how: '`parse` with a number parser',
    load: (from) => {
      type Parse = (text: string, reviver: undefined, number: ParseNumber) => unknown;
      const { parse } = required(from, 'lossless-json') as { parse: Parse };
      return copied((text) => parse(text, undefined, Number) as readonly number[]);
    },
  },
  {
    npm: 'json-bigint@1.0.0',
    how: '`parse`',
    load: (from) => {
      const { parse } = required(from, 'json-bigint') as { parse: (text: string) => readonly unknown[] };
      // Numbers of more than 15 characters are objects of bignumber.js.
      return copied((text) => parse(text).map(Number));
    },
  },
  {
    npm: 'uint8array-json-parser@0.0.2',
    how: 'from the bytes; `JSON_parse`',
    load: (from) => {
      type Parse = (bytes: Uint8Array) => readonly number[];
      const { JSON_parse: parse } = required(from, 'uint8array-json-parser') as { JSON_parse: Parse };
      return (bytes, numbers) => {
        numbers.set(parse(bytes));
      };
    },
  },
  {
    npm: 'jsonparse@1.3.1',
    how: 'from the bytes; tokens straight into the typed array',
    load: (from) => {
      const Parser = required(from, 'jsonparse') as JsonParse;
      return (bytes, numbers) => {
        let filled = 0;
        const parser = new Parser();
        parser.onToken = (token, value) => {
          if (token === Parser.C.NUMBER) numbers[filled++] = Number(value);
        };
        parser.write(bytes);
      };
    },
  },
  {
    npm: '@streamparser/json@0.0.26',
    how: 'from the bytes; tokens straight into the typed array',
    load: (from) => {
      const { Tokenizer } = required(from, '@streamparser/json') as { Tokenizer: TokenizerClass };
      return (bytes, numbers) => {
        let filled = 0;
        const tokenizer = new Tokenizer();
        tokenizer.onToken = ({ value }) => {
          if (typeof value === 'number') numbers[filled++] = value;
        };
        tokenizer.write(bytes);
      };
    },
  },
  {
    npm: 'stream-json@3.8.0',
    how: 'the tokenizer without its streams',
    load: async (from) => {
      const path = join(from, 'node_modules', 'stream-json', 'src', 'core', 'parser.js');
      const { jsonParser } = (await import(pathToFileURL(path).href)) as { jsonParser: StreamJson };
      return (bytes, numbers) => {
        let filled = 0;
        const { values } = jsonParser({ streamValues: false })(bytes.toString('latin1'));
        for (const { name, value } of values) {
          if (name === 'numberValue') numbers[filled++] = Number(value);
        }
      };
    },
  },
];

interface JsonParse {
  new (): { onToken: (token: number, value: unknown) => void; write: (bytes: Buffer) => void };
  readonly C: { readonly NUMBER: number };
}

type TokenizerClass = new () => {
  onToken: (token: { readonly value: unknown }) => void;
  write: (bytes: Uint8Array) => void;
};

type StreamJson = (options: {
  streamValues: boolean;
}) => (text: string) => { readonly values: readonly { readonly name: string; readonly value?: string }[] };

function required(from: string, name: string): unknown {
  return createRequire(join(from, 'package.json'))(name);
}

/** Of those that take text and make an array. */
function copied(parse: ParseText): Read {
  return (bytes, numbers) => {
    numbers.set(parse(bytes.toString('latin1')));
  };
}
