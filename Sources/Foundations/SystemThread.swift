import Foundation

/// Addresses of a thread's stack.
package let stackBytes = 8 << 20

/// Starts a thread that runs `body` and ends with it. (Foundation's `Thread` does not tell where there is none.)
///
/// That the system gives no thread is the end of the job (`Emergency`).
package func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stackBytes)
  defer { pthread_attr_destroy(&attributes) }
  let life = Unmanaged.passRetained(
    ThreadLife {
      Thread.current.name = name
      body()
    })
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { life in
      Unmanaged<ThreadLife>.fromOpaque(life!).takeRetainedValue().body()
      return nil
    }, life.toOpaque())
  guard status != 0 else { return }
  Emergency.end(
    "the system starts no thread '\(name)' (\(String(cString: strerror(status)))): raise the limit on processes "
      + "(ulimit -u) or addresses (ulimit -v), or use fewer threads (--set threads=1)")
}

/// What a thread does.
private final class ThreadLife: Sendable {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
