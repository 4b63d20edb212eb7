import Images

/// One part of a tree of class folders. Images stay in their files until they are asked for.
public struct ImageTree: ImageDataset {
  public let name: String
  public let classNames: [String]
  public var imageSize: Int { Self.side }
  public var normalization: Normalization { .imageNet }
  public var count: Int { files.count }
  public var residentBytes: Int { files.residentBytes }

  /// What photographs are brought to.
  static let side = 224

  /// The tree's folder, as a person named it.
  let folder: String
  let files: FileList

  init(name: String, classNames: [String], folder: String, files: FileList) {
    self.name = name
    self.classNames = classNames
    self.folder = folder
    self.files = files
  }

  public func label(at index: Int) -> Int? { files.label(at: index) }

  /// The file's path.
  public func imageName(at index: Int) -> String { path(at: index).text }

  public func storedImage(at index: Int) throws -> StoredImage { try path(at: index).storedImage() }

  func path(at index: Int) -> FilePath { FilePath(folder: folder, files.path(at: index)) }
}
