/// What a network is fine-tuned with.
public struct FinetuneSettings: Sendable {
  /// At least one, the largest last.
  public var shares: [LabelShare]
  /// Passes over the images with labels; nil: see `epochs(for:)`.
  public var epochs: Int?
  /// The first step's, for batches of 256 images; in proportion for others.
  public var learningRate: Double
  /// Each decides a choice of images, their order and views, and the classifier's initial weights.
  public var seeds: [UInt64]

  public init(
    shares: [LabelShare], epochs: Int? = nil, learningRate: Double = 0.05, seeds: [UInt64] = [0]
  ) {
    self.shares = shares
    self.epochs = epochs
    self.learningRate = learningRate
    self.seeds = seeds
  }

  /// 30, and 60 for 1 % of the labels or less.
  ///
  /// Source: Chen et al., "A Simple Framework for Contrastive Learning" (2020), Appendix B.5.
  func epochs(for share: LabelShare) -> Int { epochs ?? (share.percent <= 1 ? 60 : 30) }
}
