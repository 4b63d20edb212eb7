import GoldenCases
import Images
import Layers
import Objectives
import Tensors
import TestSupport
import Testing

/// Which way images turn, and the loss over all turns.
@Suite struct GoldenRotNetTests {
  private struct Scalars: Decodable { let loss: Double }

  /// Rows 4·b + k of a case are turn k of image b: shards of one image.
  @Test(arguments: GoldenCase.all(.rotnet)) func goldenTurnsAndLoss(_ golden: GoldenCase) throws {
    let file = try golden.tensors("rotnet")
    let shape = try #require(file.shape(of: "images"))
    let images = Tensor(shape: shape, lanes: 1, try file.floats("images"))
    let turned = Tensor(shape: [4 * shape[0]] + shape[1...], lanes: 1, try file.floats("rotated"))
    let found = turned.makeSimilar()
    for image in 0..<shape[0] {
      found.copyRows(image..<image + 1, of: images, to: 4 * image)
      for turn in 1..<4 { found.turn(row: 4 * image, by: turn, to: 4 * image + turn) }
    }
    let layout = RowLayout(images: shape[0], views: 1, turns: 4, shardSize: 1)
    let objective = RotNet.Settings().makeObjective(featureCount: 4)
    let logits = Tensor(rows: layout.rows, columns: 4, try file.floats("logits"))
    let (loss, gradient) = try objective.lossAndGradient(
      Embeddings(projections: logits),
      batch: StepBatch(images: turned, layout: layout, indices: Array(0..<layout.images)),
      in: Pass(.training, layout, in: Surroundings(pool: .forKernels(threads: 1))))
    expectAll(
      [
        .exact("rotated", found.values, turned.values),
        .exact(
          "target", (0..<layout.rows).map { Int32(layout.place(ofRow: $0).turn) }, try file.int32s("target")),
        .scalar("loss", loss, try golden.decode(Scalars.self, "rotnet").loss, relative: 1e-6),
        .tensor("dlogits", gradient.values, try file.floats("dlogits"), relativeToLargest: 1e-6),
      ], golden)
  }
}
