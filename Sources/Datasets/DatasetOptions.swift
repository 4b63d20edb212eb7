/// What a person may say about a data set beside its name.
public struct DatasetOptions: Sendable, Equatable {
  /// The class folders that are used; nil: ImageNet-100's of an ImageNet tree, all of another.
  public var classList: ClassList?
  /// Where an earlier start put `DatasetPair.index`, so that the tree need not be scanned and checked again.
  ///
  /// It is read by rank 0 and never written: whoever opens the data knows when something may be written.
  public var indexFile: String?
  public var onFault: OnFault

  /// What happens when files are found before training that cannot be used.
  public enum OnFault: Sendable {
    /// Nothing is opened, the error lists them.
    case stop
    /// A warning counts them. They keep their numbers; whoever asks for one gets its error.
    case ignore
  }

  public init(classList: ClassList? = nil, indexFile: String? = nil, onFault: OnFault = .stop) {
    self.classList = classList
    self.indexFile = indexFile
    self.onFault = onFault
  }
}
