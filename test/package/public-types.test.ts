import { join, sep } from 'node:path';
import * as ts from 'typescript';
import { PROJECT_ROOT } from '../support/serve-process';

const BUILT = join(PROJECT_ROOT, 'dist', 'src');
const ENTRIES = ['streams', 'coordination'].map((room) => join(BUILT, room, 'public.d.ts'));

/** The declarations that are reached from what `entries` export, with what a user of them can name. */
class PublicTypes {
  readonly #checker: ts.TypeChecker;
  readonly #exported: ReadonlySet<ts.Symbol>;
  readonly strangers = new Set<string>();

  constructor(entries: readonly string[]) {
    const program = ts.createProgram(entries, { module: ts.ModuleKind.Node20, types: ['node'] });
    this.#checker = program.getTypeChecker();
    const modules = entries.map((entry) => {
      const source = program.getSourceFile(entry);
      const module = source && this.#checker.getSymbolAtLocation(source);
      if (module === undefined) throw new Error(`${entry} is no module; is the project built?`);
      return module;
    });
    const exported = modules.flatMap((module) => this.#checker.getExportsOfModule(module));
    this.#exported = new Set(exported.map((symbol) => this.#meant(symbol)));
    for (const symbol of this.#exported) {
      for (const declaration of symbol.declarations ?? []) this.#visit(declaration, symbol.name);
    }
  }

  get exported(): readonly string[] {
    return [...this.#exported].map(({ name }) => name);
  }

  #visit(node: ts.Node, within: string): void {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : ts.isTypeQueryNode(node)
          ? node.exprName
          : ts.isImportTypeNode(node)
            ? node.qualifier
            : undefined;
    const symbol = name && this.#checker.getSymbolAtLocation(name);
    if (symbol !== undefined && !this.#canBeNamed(this.#meant(symbol)))
      this.strangers.add(`${symbol.name} in ${within}`);
    ts.forEachChild(node, (child) => {
      this.#visit(child, within);
    });
  }

  #canBeNamed(symbol: ts.Symbol): boolean {
    const isOurs = symbol.declarations?.some((at) => at.getSourceFile().fileName.startsWith(BUILT + sep));
    const isParameter = (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0;
    return isOurs !== true || isParameter || this.#exported.has(symbol);
  }

  #meant(symbol: ts.Symbol): ts.Symbol {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return isAlias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }
}

test('every type that the package shows can be imported from it', () => {
  const types = new PublicTypes(ENTRIES);
  expect(types.exported).toEqual(
    expect.arrayContaining(['openSession', 'SessionOptions', 'HeldLock', 'Counter']),
  );
  expect([...types.strangers]).toEqual([]);
});
