import Images
import Tensors

/// What the views of a run are made of; a function of the step, without state.
struct ViewPlan: Sendable {
  let reader: ImageReader
  let maker: ViewMaker
  let layout: RowLayout
  let sampler: EpochSampler
  let rank: Int
  let worldSize: Int

  func epoch(ofStep step: Int) -> Int { step / sampler.stepsPerEpoch }

  /// This rank's images of a step, out of its epoch's permutation.
  func indices(ofStep step: Int, in permutation: [Int]) -> [Int] {
    let batch = step % sampler.stepsPerEpoch
    return Array(permutation[sampler.range(batch: batch, rank: rank, worldSize: worldSize)])
  }

  /// Room for one batch.
  func makeImages() -> Tensor { maker.makeRoom(images: layout.images) }

  /// Makes all views of local image `position`, which is image `index` of the data set. A stand-in for a bad
  /// image has the draws of the one that it stands in for.
  ///
  /// - Returns: The bad images that were met.
  func fill(_ images: Tensor, position: Int, index: Int, epoch: Int) throws -> [SkippedImage] {
    try reader.read(at: index) { image, _ in
      try maker.write(viewsOf: image, index: index, epoch: epoch, to: images) { view, turn in
        layout.row(of: .init(image: position, view: view, turn: turn))
      }
    }.skipped
  }
}
