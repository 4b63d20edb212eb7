import Collectives
import Foundation
import Foundations
import Images

extension DataKind {
  static let list = DataKind(name: "list", forms: ["list:FILE"], takesClassList: false) {
    argument throws(BadArgument) in
    guard let path = argument, !path.isEmpty else {
      throw BadArgument(rule: "a file must follow the colon, for example list:FILE")
    }
    return { opener in
      let images = try ImageListDataset(contentsOf: path, on: opener.communicator)
      let faults = try opener.communicator.faults(ofFiles: Array(0..<images.count), at: images.path).map(
        \.fault)
      if !faults.isEmpty, opener.options.onError == .stop {
        throw AgreedFailure(
          onEveryRank: DatasetError.faults(
            DataFault.sorted(faults), total: images.count, source: "list:\(path)"),
          hostName: opener.communicator.hostName)
      }
      return DataParts(
        train: images, test: nil,
        notes: ["list: \(counted(images.count, "image")); SHA-256 of the list \(images.digest.prefix(12))"],
        warnings: DataFault.warnings(of: faults, among: images.count, source: "list:\(path)"),
        faults: DataFault.sorted(faults), digest: images.digest)
    }
  }
}

/// Images whose paths stand in a file, one a line, from the file's own folder on. They have no labels.
struct ImageListDataset: ImageDataset {
  /// That the paths start from.
  private let folder: String
  /// As they are written.
  private let files: FileList

  /// Rank 0 reads the list; every rank calls it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  init(contentsOf path: String, on communicator: Communicator) throws {
    let read = try communicator.agree { () throws(DatasetError) -> [UInt8] in
      guard communicator.rank == 0 else { return [] }
      let lines = try ListFile(path).lines
      guard !lines.isEmpty else { throw .noListedImages(path) }
      return lines.flatMap { Array($0.text.bytes) + [0] }
    }
    let bytes = try communicator.broadcast(read)
    guard let files = FileList(bytes: bytes, classCounts: [bytes.count { $0 == 0 }]) else {
      preconditionFailure("a zero after every path")
    }
    self.files = files
    folder = path.parentPath.isEmpty ? "." : path.parentPath
  }

  /// SHA-256 of the paths, in hexadecimal.
  var digest: String { DurableFiles.digest(Data(files.bytes)) }

  var name: String { "list" }
  var classNames: [String] { [] }
  var imageSize: Int { ImageTree.side }
  var normalization: Normalization { .imageNet }
  var count: Int { files.count }
  var residentBytes: Int { files.residentBytes }

  func label(at index: Int) -> Int? { nil }

  /// As the list has it.
  func imageName(at index: Int) -> String { files.path(at: index).text }

  func storedImage(at index: Int) throws -> StoredImage { try path(at: index).storedImage() }

  func path(at index: Int) -> FilePath {
    let path = files.path(at: index)
    return path.first == UInt8(ascii: "/")
      ? FilePath(folder: "/", path.dropFirst()) : FilePath(folder: folder, path)
  }
}
