import Images
import Tensors

/// What the views of a run are made of; a function of the step, without state.
struct ViewPlan: Sendable {
  let pictures: PictureReader
  let augmentation: AugmentationConfiguration
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
  func makeImages() -> Tensor {
    Tensor(
      rows: layout.rows, channels: 3, height: augmentation.size, width: augmentation.size,
      lanes: 1)
  }

  /// Makes all views of local picture `position`, which is picture `index` of the data set. A stand-in for a bad
  /// picture has the draws of the one that it stands in for.
  ///
  /// - Returns: The bad pictures that were met.
  func fill(_ images: Tensor, position: Int, index: Int, epoch: Int) throws -> [SkippedImage] {
    try pictures.read(at: index) { picture, _ in
      let decided = (0..<layout.views).map { view in
        AugmentationParameters(
          drawnFor: augmentation, width: picture.width, height: picture.height,
          draws: RandomDraws(
            seed: sampler.seed, purpose: .augmentation, index: index, epoch: epoch, view: view))
      }
      try AugmentationParameters.apply(
        decided, to: picture, size: augmentation.size, interpolation: augmentation.interpolation,
        normalization: pictures.dataset.normalization
      ) { view in
        let row = layout.row(of: .init(image: position, view: view))
        return UnsafeMutableBufferPointer(
          start: images.pointer + row * images.rowStride, count: images.rowStride)
      }
    }.skipped
  }
}
