/** As the only number of a request to a model with {@link GREEDY}. */
export const FILL_HEAP = -1;
export const END_THREAD = -2;

/** A `handler.js` that does to its thread what the first number asks for. */
export const GREEDY = `export default {
  preprocess(inputs) {
    const [asks] = inputs.input.data;
    const kept = [];
    while (asks === ${FILL_HEAP}) kept.push(new Array(1000).fill({}));
    if (asks === ${END_THREAD}) process.exit(1);
    return inputs;
  },
};`;

/** As the only number of a request to the fixture `rounds`: a call of ONNX Runtime that takes eleven days. */
export const FOR_EVER = 1e12;
