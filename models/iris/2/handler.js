/**
 * Names the class of each row, or says `unsure` where the model is not sure enough.
 *
 * A handler is one self-contained ES module beside model.onnx. It may export `params`, `preprocess` and
 * `postprocess`; this one needs no `preprocess`. It is called for one request at a time, with that request's
 * rows only, however many requests the model was run on together.
 *
 * @typedef {object} Tensor
 * @property {string} datatype  BOOL, INT8 to INT64, UINT8 to UINT64, FP16, FP32, FP64 or BYTES
 * @property {number[]} shape   the length of each dimension
 * @property data               flat, row-major: the typed array of the datatype (Float32Array for FP32,
 *                              BigInt64Array for INT64, Float32Array for FP16 too, Uint8Array for BOOL) or, for
 *                              BYTES, an array of strings
 */

export default {
  /** What may stand under `params` in the config znode; anything else there refuses the whole config. */
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      threshold: {
        description: 'A row whose top probability is below this is called unsure',
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0,
      },
    },
  },

  /**
   * @param {{label: Tensor, probabilities: Tensor}} outputs  INT64 [rows] and FP32 [rows, classes]
   * @param {Record<string, Tensor>} _inputs  the tensors of the request
   * @param {{params: {threshold?: number}, labels: string[]}} context  the params of the config that this
   *     request reads from beginning to end, and the labels of model.json
   * @returns {Record<string, Tensor>} the model's outputs and `label_name`, BYTES [rows]
   */
  postprocess(outputs, _inputs, context) {
    const { label, probabilities } = outputs;
    const { threshold = 0 } = context.params;
    const [rows, classes] = probabilities.shape;
    const names = [];
    for (let row = 0; row < rows; row += 1) {
      const ofRow = probabilities.data.subarray(row * classes, (row + 1) * classes);
      const sure = Math.max(...ofRow) >= threshold;
      names.push(sure ? context.labels[Number(label.data[row])] : 'unsure');
    }
    return { ...outputs, label_name: { datatype: 'BYTES', shape: [rows], data: names } };
  },
};
