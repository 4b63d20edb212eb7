/// What a person may say about a data set beside its name.
public struct DatasetOptions: Sendable, Equatable {
  /// A file of class folders' names, one a line, in place of ImageNet-100's.
  public var classList: String?
  /// Where the list of a tree's files is kept, so that it is scanned once; nil: nowhere.
  public var indexFile: String?

  public init(classList: String? = nil, indexFile: String? = nil) {
    self.classList = classList
    self.indexFile = indexFile
  }
}
