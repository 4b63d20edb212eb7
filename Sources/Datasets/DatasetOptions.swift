/// What a person may say about a data set beside its name.
public struct DatasetOptions: Sendable, Equatable {
  /// The class folders that are used; nil: ImageNet-100's of an ImageNet tree, all of another.
  public var classList: ClassList?
  /// Where an earlier start put `DataParts.index`, so that the tree need not be scanned and checked again.
  ///
  /// It is read by rank 0 and never written: whoever opens the data knows when something may be written.
  public var indexFile: String?
  /// What happens when files are found that cannot be used. stop: nothing is opened, the error lists them. skip: a
  /// warning counts them; they keep their numbers, and whoever asks for one gets its error.
  public var onError: OnBadImage

  public init(classList: ClassList? = nil, indexFile: String? = nil, onError: OnBadImage = .stop) {
    self.classList = classList
    self.indexFile = indexFile
    self.onError = onError
  }
}
