import { ortMessage } from '../../../src/inference/worker/ort-message';

describe('what ONNX Runtime says', () => {
  it.each([
    [
      '/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const F<void (int)>&, const G&) Unsupported model IR version: 99\n',
      'Unsupported model IR version: 99',
    ],
    [
      "Non-zero status code returned while running Add node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 was false (here).",
      "Non-zero status code returned while running Add node. Name:'' Status Message: axis == 1 was false (here).",
    ],
    [
      '/onnxruntime_src/a.cc:1 T f() const [with T = int] one; /onnxruntime_src/b.cc:22 auto g(h(1)) two',
      'one; two',
    ],
    [
      '/onnxruntime_src/a.cc:1 F::F(int)::<lambda()> a == b was false. No adapter',
      'a == b was false. No adapter',
    ],
    ['/onnxruntime_src/a.cc:1 no function at all', 'no function at all'],
    ['cannot open /srv/models/iris/1/weights.bin: missing', 'cannot open weights.bin: missing'],
    ['Model data pointer is null.', 'the file is empty'],
    [
      'Unsupported data type: 14',
      'the model has an input or output of type complex64, which ONNX Runtime for Node.js cannot pass',
    ],
    [
      'Unsupported data type: 77',
      'the model has an input or output of type 77, which ONNX Runtime for Node.js cannot pass',
    ],
    ['10 / 2 and and/or', '10 / 2 and and/or'],
  ])('%j becomes words for a record', (said, words) => {
    expect(ortMessage(new Error(said))).toBe(words);
  });
});
