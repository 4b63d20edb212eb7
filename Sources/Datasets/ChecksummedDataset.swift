/// A data set whose files carry checksums of their own, which say more than that every image decodes.
public protocol ChecksummedDataset: ImageDataset {
  /// What a person calls each file that has a checksum.
  var checksummedFiles: [String] { get }

  /// Reads a whole file and holds it against its checksum. Any thread may ask.
  ///
  /// - Throws: `DatasetError.badImage`, whose reason is what is wrong with the file, or `.unreadable`.
  func verifyChecksum(ofFile number: Int) throws
}
