import Tensors

/// What a step takes in: views of this rank's images, and what is known about the images.
public struct StepBatch {
  /// `[rows, 3, height, width]`, NCHW, rows as in `layout`.
  public let images: Tensor
  /// Which image and view each row is.
  public let layout: RowLayout
  /// The data set's index of each local image, shard after shard.
  public let indices: [Int]
  /// Images of the data set.
  public let imageCount: Int
  /// With the images' indices, decides random numbers.
  public let seed: UInt64
  public let epoch: Int
  /// Looks up the class of each local image; nil where the data has none.
  public let labels: () -> [Int]?

  /// - Parameters:
  ///   - imageCount: With `seed` and `epoch`, needed by objectives that remember images.
  ///   - labels: Called only by losses that compare with labels.
  public init(
    images: Tensor, layout: RowLayout, indices: [Int], imageCount: Int = 0, seed: UInt64 = 0, epoch: Int = 0,
    labels: @escaping () -> [Int]? = { nil }
  ) {
    precondition(images.rows == layout.rows && indices.count == layout.images)
    self.imageCount = imageCount
    self.seed = seed
    self.epoch = epoch
    self.images = images
    self.layout = layout
    self.indices = indices
    self.labels = labels
  }

  /// The data set's index of each image of the global batch, in rank order; every rank calls it.
  func globalIndices(over reducer: any ShardReducer) throws -> [Int] {
    var all = [Int64](repeating: 0, count: indices.count * reducer.worldSize)
    for (place, index) in indices.enumerated() { all[reducer.rank * indices.count + place] = Int64(index) }
    return try reducer.sum(all).map(Int.init)
  }
}
