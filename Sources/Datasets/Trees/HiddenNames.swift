import Foundations

extension ByteName {
  /// Whether a file or folder of this name holds no data: programs leave it beside people's files, often with copies
  /// of their images (`._1.jpg` of macOS, `.ipynb_checkpoints` of Jupyter).
  var isHidden: Bool { bytes.first == UInt8(ascii: ".") || Self.hiddenFolders.contains(self) }

  /// Of network storage (Synology, QNAP), macOS's archives, file systems and Windows.
  private static let hiddenFolders: Set<ByteName> = [
    "@eaDir", "#recycle", "@Recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN", "$Recycle.Bin",
    "System Volume Information",
  ]
}
