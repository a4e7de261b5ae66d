import { ModelRepository } from '../inference/repository';
import { author } from './author';
import { connect } from './connect';
import { EXIT } from './exit-code';
import type { RunCommand } from './invocation';
import { modelOperand, versionOperand } from './names';
import { publishVersion } from './publish-version';

/** `zooserve publish <model> <version> <file>` */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const version = versionOperand(invocation);
  const { terminal } = invocation;
  const { models } = invocation.settings(['models']);
  await using registry = await connect(invocation);
  const { outcome, directory, sha256, bytes } = await publishVersion(registry, new ModelRepository(models), {
    model,
    version,
    source: invocation.operand('file'),
    by: author(),
    onProgress: (doing) => {
      terminal.progress(`${model} ${version}: ${doing}`);
    },
  });
  const verb = outcome === 'published' ? 'published' : 'published already, with the same bytes';
  terminal.print(`${model} ${version} is ${verb}: ${directory} (${bytes} bytes, sha256 ${sha256})`);
  return EXIT.OK;
};
