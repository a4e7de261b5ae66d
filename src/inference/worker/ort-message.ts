import { errorMessage } from '../../errors';

const SOURCE_LINE = /\/onnxruntime_src\/\S+:\d+ /;
const PATH = /(?:\/[\w.@+-]+){2,}/g;
const UNSUPPORTED_TYPE = /^Unsupported data type: (\d+)$/;

/** ONNX's own numbers for tensor types that ONNX Runtime for Node.js has no arrays for. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
};

/**
 * What ONNX Runtime says of a model or a request, fit for a status record: without the source lines of its
 * build and without this machine's directories.
 */
export function ortMessage(thrown: unknown): string {
  let message = errorMessage(thrown).trim();
  const type = UNSUPPORTED_TYPE.exec(message)?.[1];
  if (type !== undefined) {
    return `the model has an input or output of type ${TYPE_NAMES[type] ?? type}, which ONNX Runtime for Node.js cannot pass`;
  }
  if (message === 'Model data pointer is null.') return 'the file is empty';
  for (let at = SOURCE_LINE.exec(message); at !== null; at = SOURCE_LINE.exec(message)) {
    message = message.slice(0, at.index) + afterFunction(message.slice(at.index + at[0].length));
  }
  message = message.replaceAll(PATH, (path) => path.slice(path.lastIndexOf('/') + 1));
  return message.includes('External data path')
    ? `${message} (weights in files of their own are not supported: save the model as one file)`
    : message;
}

/** `text` behind the C++ function that it begins with: `void ns::f(int, g<h>(i)) const what went wrong`. */
function afterFunction(text: string): string {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0)
      return text.slice(i + 1).replace(/^(::<lambda\([^)]*\)>)?( const)?( \[with [^\]]*\])?\s*/, '');
  }
  return text;
}
