/* SPDX-License-Identifier: Apache-2.0 */
// A router that is a std::map of whole paths, on two event bases with a thread
// each: profiles are bound by evprof_mount(), and every request is handled on
// the thread that runs its base. usage: evprof-map
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include <evprof/evhttp.h>

namespace {

using Callback = void (*)(evhttp_request *, void *);
using Router = std::map<std::string, std::pair<Callback, void *>>;

int
bind_path(void *ctx, const char *path, Callback callback, void *arg)
{
    (*static_cast<Router *>(ctx))[path] = {callback, arg};
    return 0;
}

void
on_request(evhttp_request *req, void *ctx)
{
    const auto &router = *static_cast<const Router *>(ctx);
    auto route = router.find(
        evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req)));
    if (route != router.end()) {
        route->second.first(req, route->second.second);
    } else {
        evhttp_send_error(req, HTTP_NOTFOUND, nullptr);
    }
}

// One listening base: its own thread handles what comes in there.
void
serve(Router *router, evhttp *http)
{
    evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
    sockaddr_in address;
    socklen_t len = sizeof(address);
    getsockname(evhttp_bound_socket_get_fd(bound),
                reinterpret_cast<sockaddr *>(&address), &len);
    evhttp_set_gencb(http, on_request, router);
    std::printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    std::fflush(stdout);
}

} // namespace

int
main()
{
    Router router;
    const evprof_mux_t mux = {bind_path, &router};
    if (evprof_mount(nullptr, &mux, nullptr) != 0) {
        return 1;
    }
    event_base *first = event_base_new();
    event_base *second = event_base_new();
    serve(&router, evhttp_new(first));
    serve(&router, evhttp_new(second));
    std::thread other([second] { event_base_dispatch(second); });
    event_base_dispatch(first);
    other.join();
}
