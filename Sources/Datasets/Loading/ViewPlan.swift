import Images
import Tensors

/// What the views of a run are made of; a function of the step, without state.
struct ViewPlan: Sendable {
  let pictures: PictureReader
  let maker: ViewMaker
  let layout: RowLayout
  let sampler: EpochSampler
  let rank: Int
  let worldSize: Int

  func epoch(ofStep step: Int) -> Int { step / sampler.stepsPerEpoch }

  /// This rank's pictures of a step, out of its epoch's permutation.
  func indices(ofStep step: Int, in permutation: [Int]) -> [Int] {
    let batch = step % sampler.stepsPerEpoch
    return Array(permutation[sampler.range(batch: batch, rank: rank, worldSize: worldSize)])
  }

  /// Room for one batch.
  func makeImages() -> Tensor { maker.makeRoom(images: layout.images) }

  /// Makes all views of local picture `position`, which is picture `index` of the data set. A stand-in for a bad
  /// picture has the draws of the one that it stands in for.
  ///
  /// - Returns: The bad pictures that were met.
  func fill(_ images: Tensor, position: Int, index: Int, epoch: Int) throws -> [SkippedImage] {
    try pictures.read(at: index) { picture, _ in
      try maker.write(viewsOf: picture, index: index, epoch: epoch, to: images) { view in
        layout.row(of: .init(image: position, view: view))
      }
    }.skipped
  }
}
