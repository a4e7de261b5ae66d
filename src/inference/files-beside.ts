/**
 * The files beside a version's `model.onnx`, by name, with their SHA-256 (64 lower-case hex digits); null: there is no
 * such file. A file that is not named was not looked at.
 */
export type FilesBeside = Readonly<Record<string, string | null>>;

/** The first file that both speak of and that is not the same; undefined when there is none. */
export function differingFile(a: FilesBeside, b: FilesBeside): string | undefined {
  return Object.keys(a).find((name) => Object.hasOwn(b, name) && a[name] !== b[name]);
}
