/** nginx as the upstream of everything that is measured, and as a peer. */

/** A small answer to every operation, and the list out of a file; to a request without the token 403. */
export function upstreamConfig(port: number, token: string): string {
  return config(`
    server {
      listen 127.0.0.1:${port};
      default_type application/json;
      if ($http_x_gewe_token != "${token}") { return 403; }
      location = /contacts/fetchContactsList {
        # A file answers no POST by itself.
        error_page 405 =200 /list.json;
        alias list.json;
      }
      location = /list.json { root .; }
      location / {
        return 200 '{"ret":200,"msg":"操作成功","data":{"wxids":["wxid_1","wxid_2"],"more":false}}';
      }
    }`);
}

/** Puts the token on, checks the key, limits each client; lists come out of its cache, which has the body as key. */
export function peerConfig(port: number, upstreamPort: number, token: string, key: string): string {
  return config(`
    limit_req_zone $http_authorization zone=clients:10m rate=1000000r/s;
    proxy_cache_path cache keys_zone=lists:10m max_size=100m;
    map $http_authorization $refused { default 1; "Bearer ${key}" 0; }
    upstream gewe { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000; }
    gzip_types application/json;
    server {
      listen 127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-GEWE-TOKEN ${token};
      limit_req zone=clients burst=100000 nodelay;
      if ($refused) { return 401; }
      location /contacts/ { proxy_pass http://gewe; }
      location = /contacts/fetchContactsList {
        gzip on;
        proxy_pass http://gewe;
        proxy_cache lists;
        proxy_cache_methods GET POST;
        proxy_cache_key "$uri$request_body";
        proxy_cache_valid 200 1h;
        add_header X-Cache $upstream_cache_status;
      }
    }`);
}

/** One worker that keeps all its files in the folder it is started with. */
function config(http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `worker_processes 1;
daemon off;
error_log error.log;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  ${http.trim()}
}
`;
}
