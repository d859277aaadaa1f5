# The configuration of an nginx that runs in the foreground and keeps all it writes in one directory.
#
#   nginx_conf DIRECTORY <<<'what stands in the http block'
nginx_conf() {
  local work=$1
  cat <<CONF
daemon off;
master_process off;
pid $work/nginx.pid;
error_log $work/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $work/nginx-body;
  proxy_temp_path $work/nginx-proxy;
  fastcgi_temp_path $work/nginx-fastcgi;
  uwsgi_temp_path $work/nginx-uwsgi;
  scgi_temp_path $work/nginx-scgi;
$(cat)
}
CONF
}
