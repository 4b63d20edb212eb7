import Foundation
import PackagePlugin

/// Tells the target that uses it which commit is being built, in each build.
///
/// A command of the build proper: a prebuild command, or `Context.gitInformation` in the manifest, is asked
/// again only when the build is planned anew, so that a new commit alone would leave the old one in the program.
@main struct RecordCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let package = context.package.directoryURL
    let script = package.appending(path: "scripts/record-commit")
    let record = context.pluginWorkDirectoryURL.appending(path: "Recorded.swift")
    return [
      .buildCommand(
        displayName: "Recording the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, package.path, record.path, try context.tool(named: "swiftc").url.path],
        // A process finds another file under its own name in /proc than the process before: never up to date.
        inputFiles: [script, URL(filePath: "/proc/self/stat")],
        outputFiles: [record])
    ]
  }
}
