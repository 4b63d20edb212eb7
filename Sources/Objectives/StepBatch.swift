import Tensors

/// What a step takes in: views of this rank's images, and what is known about the images.
public struct StepBatch {
  /// `[rows, 3, height, width]`, NCHW, rows as in `layout`.
  public let images: Tensor
  /// Which image and view each row is.
  public let layout: RowLayout
  /// The data set's index of each local image, shard after shard.
  public let indices: [Int]
  /// Looks up the class of each local image; nil where the data has none.
  public let labels: () -> [Int]?

  /// - Parameter labels: Called only by losses that compare with labels.
  public init(
    images: Tensor, layout: RowLayout, indices: [Int], labels: @escaping () -> [Int]? = { nil }
  ) {
    precondition(images.rows == layout.rows && indices.count == layout.images)
    self.images = images
    self.layout = layout
    self.indices = indices
    self.labels = labels
  }
}
